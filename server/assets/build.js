// Bundles styles, scripts, fonts and the icon sprite into dist/. Nothing is fetched from elsewhere at run time.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as esbuild from "esbuild";

const out = "dist";
const watch = process.argv.includes("--watch");

// Widths cannot be written into pages (the policy forbids inline styles), so the few that are needed are classes:
// .g-N grows in proportion (phase wall), .w-N is a width in per cent.
function widths() {
  let css = "";
  for (let n = 0; n <= 100; n += 1) {
    css += `.w-${n}{width:${n}%}`;
    if (n > 0) css += `.g-${n}{flex-grow:${n}}`;
  }
  mkdirSync("css/made", { recursive: true });
  writeFileSync("css/made/widths.css", `${css}\n`);
}

function sprite() {
  const names = readFileSync("icons.txt", "utf8").split("\n").filter(Boolean);
  const symbols = names.map((name) => {
    const svg = readFileSync(`node_modules/lucide-static/icons/${name}.svg`, "utf8");
    const inner = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace("</svg>", "").replace(/\s+/g, " ").trim();
    return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">${inner}</symbol>`;
  });
  writeFileSync(
    join(out, "icons.svg"),
    `<svg xmlns="http://www.w3.org/2000/svg"><!-- Lucide icons, ISC licence; signs are our own -->\n${symbols.join("\n")}\n${readFileSync("signs.svg", "utf8")}</svg>\n`,
  );
  cpSync("mark.svg", join(out, "mark.svg"));
}

// One mark for everything that was built: the server appends it to the addresses, so that an update is fetched anew.
function version() {
  const hash = createHash("sha256");
  for (const name of readdirSync(out).sort()) {
    if (name === "version.txt" || !statSync(join(out, name)).isFile()) continue;
    hash.update(name).update(readFileSync(join(out, name)));
  }
  writeFileSync(join(out, "version.txt"), hash.digest("hex").slice(0, 12));
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
widths();
sprite();

const options = {
  entryPoints: ["css/app.css", "css/terminal.css", "js/app.js", "js/terminal.js", "js/watch.js", "js/replay.js", "js/board.js", "js/desktop.js", "js/files.js", "js/stream-worker.js"],
  entryNames: "[name]",
  assetNames: "fonts/[name]-[hash]",
  outdir: out,
  bundle: true,
  minify: !watch,
  format: "esm",
  target: ["chrome111", "firefox115", "safari16.4"],
  loader: { ".woff2": "file" },
  legalComments: "eof",
  logLevel: "info",
};

if (watch) {
  const context = await esbuild.context(options);
  await context.watch();
} else {
  await esbuild.build(options);
  version();
}
