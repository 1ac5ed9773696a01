# SPDX-License-Identifier: LGPL-2.1-or-later
"""What guests boot: Debian's cloud kernel, fetched without installing it, and an initramfs with one static program."""

import hashlib
import lzma
import os
import subprocess
import tempfile
from pathlib import Path

MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "virtio_blk",
    "virtio_balloon",
    "virtio_mem",
)
INIT = Path(__file__).resolve().parents[1] / "guest-init.c"


def cache_dir():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = Path(base) / "memcoord-guests"
    path.mkdir(parents=True, exist_ok=True)
    return path


def depends(package):
    """The packages that it names in its dependencies."""
    lines = subprocess.run(["apt-cache", "depends", package], check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.split(":")[1].strip() for line in lines if line.strip().startswith("Depends:")]


def kernel_package():
    """The versioned package that linux-image-cloud-amd64 stands for."""
    for package in depends("linux-image-cloud-amd64"):
        if package.startswith("linux-image-"):
            return package
    raise RuntimeError("linux-image-cloud-amd64 is unknown here: run apt-get update")


def kernel_packages(package):
    """It and the packages of its version: since Linux 7 what is booted, the modules and their lists have one each."""
    version = package.removeprefix("linux-image-")
    return [package, *(part for part in depends(package) if part.endswith(f"-{version}"))]


def fetch_kernel(package):
    target = cache_dir() / package
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(dir=cache_dir()) as work:
        packages = kernel_packages(package)
        subprocess.run(["apt-get", "download", "-qq", *packages], cwd=work, check=True, stderr=subprocess.DEVNULL)
        unpacked = Path(work) / "unpacked"
        for archive in Path(work).glob("*.deb"):
            subprocess.run(["dpkg", "-x", archive, unpacked], check=True)
        unpacked.rename(target)
    return target


def find_kernel(tree):
    return next(path for pattern in ("boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz") for path in tree.glob(pattern))


def read_module(tree, name):
    """What the kernel loads of it, uncompressed as finit_module() wants it; None: it is built in."""
    for path in tree.rglob(f"{name}.ko*"):
        return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    built_in = next(tree.rglob("modules.builtin")).read_text()
    if f"/{name}.ko\n" not in built_in:
        raise RuntimeError(f"{tree.name} has no {name}")
    return None


def build_initramfs(tree):
    key = hashlib.sha256(INIT.read_bytes() + " ".join(MODULES).encode() + tree.name.encode()).hexdigest()[:16]
    image = cache_dir() / f"initramfs-{key}"
    if image.exists():
        return image
    with tempfile.TemporaryDirectory(dir=cache_dir()) as work:
        root = Path(work) / "root"
        root.mkdir()
        subprocess.run(["gcc", "-static", "-O2", "-Wall", "-Werror", "-o", root / "init", INIT], check=True)
        for name in MODULES:
            module = read_module(tree, name)
            if module is not None:
                (root / f"{name}.ko").write_bytes(module)
        (root / "dev").mkdir()
        archive = Path(work) / "initramfs"
        subprocess.run(
            "find . | cpio --quiet -o -H newc > " + str(archive), shell=True, cwd=root, check=True
        )
        archive.rename(image)
    return image


def boot_files():
    """Paths of the kernel and of the initramfs, made where they are missing."""
    tree = fetch_kernel(kernel_package())
    return find_kernel(tree), build_initramfs(tree)
