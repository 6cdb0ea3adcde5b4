// Calls of the REST API that put the shop into a state which a test needs.
import { randomUUID } from "node:crypto";

import { recordTokens } from "./tokens.js";

export const API_URL = process.env.API_URL ?? "http://localhost:8080";
const INBOX_URL = process.env.INBOX_URL ?? "http://localhost:8025";

/** Sends a request and returns the JSON of its response. Every status from 400 is an error. */
export async function call(method, path, { token, body } = {}) {
  const headers = { "content-type": "application/json", "idempotency-key": randomUUID() };
  if (token) headers.authorization = `Bearer ${token}`;
  const url = `${API_URL}/api/v1${path}`;
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  const result = text ? JSON.parse(text) : null;
  recordTokens([result?.access_token, result?.refresh_token]);
  return result;
}

/** Returns a token of the shop's administrator. */
export async function administrator() {
  const body = { email: process.env.ADMIN_EMAIL, password: process.env.ADMIN_PASSWORD };
  return (await call("POST", "/auth/login", { body })).access_token;
}

/** Waits for a mail to an address that contains a link to a path, and returns path and query. */
export async function linkInMail(email, path) {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const response = await fetch(`${INBOX_URL}/api/v1/mails?to=${encodeURIComponent(email)}`);
    for (const mail of (await response.json()).mails) {
      const link = mail.text.match(new RegExp(`https?://[^/\\s]+(${path}[^\\s>]*)`));
      if (!link) continue;
      recordTokens([link[1].split("token=")[1]]);
      return link[1];
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`no mail to ${email} links to ${path}`);
}
