// The browser: one that is installed.
export const CHROMIUM = { executablePath: process.env.CHROME_PATH ?? "/usr/bin/chromium" };
