//! Tells cargo that the program holds the bundled styles and scripts, new files among them.

fn main() {
    println!("cargo::rerun-if-changed=assets/dist");
}
