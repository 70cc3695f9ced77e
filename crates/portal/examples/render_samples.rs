//! Renders every page with sample values into a folder, to be looked at in a browser:
//! `cargo run -p vouchsafe-portal --example render_samples -- FOLDER`.

use std::path::Path;

use vouchsafe_portal::assets;

#[path = "../tests/samples/mod.rs"]
mod samples;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder.join("assets"))?;
    for asset in assets() {
        std::fs::write(folder.join(asset.path.trim_start_matches('/')), asset.bytes)?;
    }
    for (name, html) in samples::all_pages()? {
        // Opened as files, absolute paths would lead to the root of the disk.
        let html = html.replace("\"/assets/", "\"assets/");
        std::fs::write(folder.join(format!("{name}.html")), html)?;
    }
    Ok(())
}
