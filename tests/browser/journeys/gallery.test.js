// The images of a product. They scroll without the script.
import { expect, test } from "../support/test.js";

test("links and arrow keys show the images of a product", async ({ page }) => {
  await page.goto("/products/test-images");
  const images = page.getByRole("list", { name: "Images" });
  const third = images.getByAltText("Lamp With Three Images, Image 3");
  await expect(third).not.toBeInViewport();
  await page.getByRole("link", { name: "Image 3" }).click();
  await expect(third).toBeInViewport({ ratio: 0.5 });
  await images.focus();
  for (const number of [2, 1]) {
    await page.keyboard.press("ArrowLeft");
    const image = images.getByAltText(`Lamp With Three Images, Image ${number}`);
    await expect(image).toBeInViewport({ ratio: 0.5 });
  }
});
