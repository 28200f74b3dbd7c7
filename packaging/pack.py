#!/usr/bin/env python3
"""pack.py PROGRAM TARGET OUT: makes the archive of a release, and for Linux the .deb, of a built program.

TARGET is Rust's name of the system, such as x86_64-unknown-linux-gnu. PROGRAM must run here: it writes its completions and manual
pages itself. What goes where in the .deb, and how archives are named, is in Cargo.toml ([package.metadata]). The same input
gives the same archive: times are SOURCE_DATE_EPOCH, or 0.
"""

import glob
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAGE = ROOT / "target/package/stage"
TIME = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
# The names by which shells find completions.
COMPLETIONS = {"bash": "belay-script.bash", "zsh": "_belay-script", "fish": "belay-script.fish", "powershell": "belay-script.ps1"}
# Debian's names of processors.
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7": "armhf", "i686": "i386", "riscv64gc": "riscv64"}


def cargo_metadata(target):
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def linked_packages(metadata):
    """The packages whose code is in the program: those it depends on, without what only builds or tests it."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    found, left = set(), [root]
    while left:
        for dependency in nodes[left.pop()]["deps"]:
            is_linked = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if is_linked and dependency["pkg"] not in found:
                found.add(dependency["pkg"])
                left.append(dependency["pkg"])
    return sorted((package for package in metadata["packages"] if package["id"] in found), key=lambda package: package["name"])


def third_party_licenses(metadata):
    """The licences of all libraries, each text once."""
    lines, texts = ["Libraries in belay-script, their licences, and the texts that come with them.", ""], {}
    for package in linked_packages(metadata):
        lines.append(f"{package['name']} {package['version']}: {package['license'] or 'see the text'}")
        folder = Path(package["manifest_path"]).parent
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING", "NOTICE", "COPYRIGHT")):
                text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip()
                texts.setdefault(text, []).append(f"{package['name']} {package['version']}: {path.name}")
    for text, owners in texts.items():
        lines += ["", "-" * 80, *owners, "-" * 80, "", text]
    return "\n".join(lines) + "\n"


def stage(program, metadata, target):
    """Fills the folder that archives are made of."""
    shutil.rmtree(STAGE, ignore_errors=True)
    (STAGE / "completions").mkdir(parents=True)
    for shell, name in COMPLETIONS.items():
        script = subprocess.run([program, "completions", shell], check=True, stdout=subprocess.PIPE).stdout
        (STAGE / "completions" / name).write_bytes(script)
    if "windows" not in target:
        subprocess.run([program, "man", STAGE / "man"], check=True, stdout=subprocess.DEVNULL)
    if "linux" in target:
        shutil.copy(ROOT / "packaging/60-belay-script.rules", STAGE)
    for name in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"]:
        shutil.copy(ROOT / name, STAGE / name)
    (STAGE / "THIRD-PARTY-LICENSES.txt").write_text(third_party_licenses(metadata), encoding="utf-8")
    shutil.copy(program, STAGE / program.name)


def filled(template, values):
    for name, value in values.items():
        template = template.replace("{ %s }" % name, value)
    return template


def archive(package, program, target, out):
    """Writes the archive under the names that `cargo binstall` expects; returns its path."""
    binstall = package["metadata"]["binstall"]
    url = binstall.get("overrides", {}).get(target, {}).get("pkg-url", binstall["pkg-url"])
    ending = ".exe" if program.suffix == ".exe" else ""
    values = {"name": package["name"], "version": package["version"], "target": target, "bin": "belay-script", "binary-ext": ending}
    path = out / filled(url, values).rsplit("/", 1)[1]
    folder, _, name = filled(binstall["bin-dir"], values).rpartition("/")
    assert name == program.name, f"binstall expects {name}"
    files = sorted(file for file in STAGE.rglob("*") if file.is_file())
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for file in files:
                packed.writestr(zipfile.ZipInfo(f"{folder}/{file.relative_to(STAGE).as_posix()}"), file.read_bytes(), zipfile.ZIP_DEFLATED)
        return path
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as packed:
        for file in files:
            entry = tarfile.TarInfo(f"{folder}/{file.relative_to(STAGE).as_posix()}")
            entry.size, entry.mtime = file.stat().st_size, TIME
            entry.mode = 0o755 if file.name == program.name else 0o644
            with file.open("rb") as content:
                packed.addfile(entry, content)
    path.write_bytes(gzip.compress(data.getvalue(), 9, mtime=TIME))
    return path


def deb(package, program, target, out):
    """Writes the .deb; returns its path."""
    table = package["metadata"]["deb"]
    root = ROOT / "target/package/deb"
    shutil.rmtree(root, ignore_errors=True)
    # cargo-deb writes a copyright of its own.
    copyright_file = ["packaging/debian/copyright", "usr/share/doc/belay-script/", "644"]
    for source, place, mode in [*table["assets"], copyright_file]:
        sources = [program] if source.startswith("target/release/") else sorted(map(Path, glob.glob(str(ROOT / source))))
        assert sources, f"{source} of Cargo.toml does not exist"
        for file in sources:
            to = root / place / file.name if place.endswith("/") else root / place
            to.parent.mkdir(parents=True, exist_ok=True)
            if "/share/man/" in f"/{place}":
                to = to.with_name(f"{to.name}.gz")
                to.write_bytes(gzip.compress(file.read_bytes(), 9, mtime=TIME))
            else:
                shutil.copyfile(file, to)
            to.chmod(int(mode, 8))
    control = root / "DEBIAN"
    control.mkdir()
    for file in sorted((ROOT / table["maintainer-scripts"]).iterdir()):
        if file.name in ("preinst", "postinst", "prerm", "postrm"):
            shutil.copyfile(file, control / file.name)
            (control / file.name).chmod(0o755)
    files = sorted(file for file in root.rglob("*") if file.is_file() and control not in file.parents)
    sums = [f"{hashlib.md5(file.read_bytes()).hexdigest()}  {file.relative_to(root)}\n" for file in files]
    (control / "md5sums").write_text("".join(sums))
    version = f"{package['version'].replace('-', '~')}-1"
    architecture = ARCHITECTURES[target.split("-")[0]]
    size = sum(file.stat().st_size for file in files) // 1024
    described = "".join(f" {line}\n" for line in textwrap.wrap(table["extended-description"], 78))
    (control / "control").write_text(
        f"Package: {package['name']}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: {table['maintainer']}\n"
        f"Installed-Size: {size}\nDepends: {table['depends']}\nRecommends: {table['recommends']}\nSection: {table['section']}\n"
        f"Priority: {table['priority']}\nDescription: {package['description']}\n{described}"
    )
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)
    path = out / f"{package['name']}_{version}_{architecture}.deb"
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(TIME)}
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "--build", root, path], check=True, env=environment, stdout=subprocess.DEVNULL)
    return path


def main():
    program, target, out = Path(sys.argv[1]).resolve(), sys.argv[2], Path(sys.argv[3]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    metadata = cargo_metadata(target)
    package = next(package for package in metadata["packages"] if package["id"] == metadata["resolve"]["root"])
    stage(program, metadata, target)
    made = [archive(package, program, target, out)]
    if "linux" in target and shutil.which("dpkg-deb"):
        made.append(deb(package, program, target, out))
    for path in made:
        print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")


main()
