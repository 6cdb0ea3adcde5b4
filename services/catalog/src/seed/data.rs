//! The demo data itself. Prices are in minor units; the first nine products are those that the
//! documents speak of.

/// Categories: name and description.
pub(super) const CATEGORIES: [(&str, &str); 3] = [
    ("Electronics", "Devices and what goes with them."),
    ("Clothing", "For every season."),
    ("Books", "Stories worth a shelf."),
];

/// A product as it is first written.
#[derive(Debug)]
pub(super) struct DemoProduct {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) price_cents: i64,
    pub(super) stock: i32,
    pub(super) weight_grams: i32,
    pub(super) category: &'static str,
}

const fn product(
    category: &'static str,
    name: &'static str,
    price_cents: i64,
    stock: i32,
    weight_grams: i32,
    description: &'static str,
) -> DemoProduct {
    DemoProduct { name, description, price_cents, stock, weight_grams, category }
}

/// The products.
#[rustfmt::skip] // A table: one product, one line and one of text.
pub(super) const PRODUCTS: &[DemoProduct] = &[
    product("Electronics", "Wireless Headphones", 29900, 50, 310,
        "Over-ear headphones with active noise cancelling and thirty hours of battery."),
    product("Electronics", "Smart Watch", 39900, 30, 90,
        "Tracks heart rate, sleep and workouts, and shows messages at a glance."),
    product("Electronics", "Laptop Backpack", 5900, 100, 850,
        "Padded compartment for machines of up to 16 inches, water-repellent, with a hidden pocket."),
    product("Clothing", "Cotton T-Shirt", 1999, 200, 180,
        "Soft organic cotton with a regular fit, pre-washed so that it keeps its shape."),
    product("Clothing", "Denim Jeans", 4999, 75, 650,
        "Straight-leg jeans of sturdy denim with a little stretch."),
    product("Clothing", "Winter Jacket", 12900, 40, 1200,
        "Warm, windproof and light, with a hood that comes off."),
    product("Books", "The Great Gatsby", 1499, 150, 220,
        "F. Scott Fitzgerald's novel of wealth, longing and the green light across the bay."),
    product("Books", "To Kill a Mockingbird", 1599, 120, 300,
        "Harper Lee's story of justice and childhood in a small town of Alabama."),
    product("Books", "1984", 1699, 200, 260,
        "George Orwell's novel of a state that watches everything, even thought."),
    product("Electronics", "Bluetooth Speaker", 7900, 80, 540,
        "Pocket-sized sound for a whole room, splash-proof, twelve hours of music."),
    product("Electronics", "Mechanical Keyboard", 12900, 45, 980,
        "Hot-swappable switches, a metal plate and keycaps that do not fade."),
    product("Electronics", "Wireless Mouse", 4900, 120, 110,
        "Silent buttons, a free-spinning wheel and a charge that lasts two months."),
    product("Electronics", "USB-C Charger", 3900, 160, 130,
        "65 watts through two ports, small enough for a coat pocket."),
    product("Electronics", "4K Monitor", 44900, 25, 6400,
        "27 inches, factory calibrated, with a stand that turns and tilts."),
    product("Electronics", "Desk Lamp", 6900, 60, 1400,
        "Dimmable light from warm to cold, with an arm that stays where it is put."),
    product("Electronics", "E-Book Reader", 14900, 55, 190,
        "A screen like paper, light for the night, room for thousands of titles."),
    product("Electronics", "Action Camera", 27900, 35, 160,
        "Waterproof to ten metres, steady pictures at sixty frames a second."),
    product("Electronics", "Portable Power Bank", 4500, 140, 410,
        "20,000 mAh, charges a phone four times over."),
    product("Clothing", "Wool Sweater", 8900, 65, 480,
        "Merino wool from a mill that has spun it for a century."),
    product("Clothing", "Linen Shirt", 5900, 90, 240,
        "Cool on hot days, better with every wash."),
    product("Clothing", "Running Shoes", 11900, 70, 560,
        "Cushioned, breathable and made for long distances."),
    product("Clothing", "Rain Coat", 9900, 50, 620,
        "Taped seams, a long back and a hood that leaves the view free."),
    product("Clothing", "Leather Belt", 3900, 110, 210,
        "Full-grain leather with a solid brass buckle."),
    product("Clothing", "Wool Scarf", 3500, 95, 170,
        "Two metres of lambswool in a herringbone weave."),
    product("Clothing", "Canvas Sneakers", 5500, 130, 720,
        "Low, light and easy to clean."),
    product("Clothing", "Chino Trousers", 5900, 85, 520,
        "Cotton twill with a tapered leg, dressed up or down."),
    product("Clothing", "Knitted Beanie", 1900, 180, 90,
        "One size, double-knit, warm to well below zero."),
    product("Books", "Pride and Prejudice", 1299, 140, 280,
        "Jane Austen on first impressions, family and a very proud man."),
    product("Books", "Moby-Dick", 1599, 90, 520,
        "Herman Melville's voyage after a white whale, and into everything else."),
    product("Books", "Frankenstein", 1199, 130, 210,
        "Mary Shelley's tale of a maker who runs from what he made."),
    product("Books", "The Odyssey", 1799, 75, 430,
        "Homer's long way home, in a clear modern translation."),
    product("Books", "Jane Eyre", 1399, 110, 400,
        "Charlotte Brontë's governess, who will be nobody's bird."),
    product("Books", "The Time Machine", 1099, 125, 150,
        "H. G. Wells sends a man to the end of the world and back for dinner."),
    product("Books", "Dracula", 1399, 100, 350,
        "Bram Stoker's count, in letters, diaries and a phonograph."),
    product("Books", "Walden", 1299, 85, 270,
        "Henry David Thoreau's two years in a cabin by a pond."),
    product("Books", "A Study in Scarlet", 1099, 115, 160,
        "Arthur Conan Doyle introduces a detective and his doctor."),
];
