// The images of a product. They scroll without the script.
import { expect, test } from "../support/test.js";

// An image that is shown whole, so that it does not scroll any more.
const WHOLE = { ratio: 0.99 };

const images = (page) => page.getByRole("list", { name: "Images" });
const image = (page, number) => images(page).getByAltText(`Lamp With Three Images, Image ${number}`);

test("links and arrow keys show the images of a product", async ({ page }) => {
  await page.goto("/products/test-images");
  await expect(image(page, 3)).not.toBeInViewport();
  await page.getByRole("link", { name: "Image 3" }).click();
  await expect(image(page, 3)).toBeInViewport(WHOLE);
  await images(page).focus();
  // A browser that still scrolls may ignore a key.
  await expect(async () => {
    await page.keyboard.press("ArrowLeft");
    await expect(image(page, 1)).toBeInViewport({ ...WHOLE, timeout: 1_000 });
  }).toPass();
});

test("each arrow key shows the next image of a product @script", async ({ page }) => {
  await page.goto("/products/test-images");
  await images(page).focus();
  for (const [key, number] of [["Right", 2], ["Right", 3], ["Right", 3], ["Left", 2], ["Left", 1]]) {
    await page.keyboard.press(`Arrow${key}`);
    await expect(image(page, number)).toBeInViewport(WHOLE);
  }
});
