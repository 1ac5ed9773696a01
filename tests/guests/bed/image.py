# SPDX-License-Identifier: LGPL-2.1-or-later
"""What guests boot: Debian's cloud kernel, fetched without installing it, and an initramfs with one static program."""

import hashlib
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


def kernel_package():
    """The versioned package that linux-image-cloud-amd64 stands for."""
    depends = subprocess.run(
        ["apt-cache", "depends", "linux-image-cloud-amd64"], check=True, capture_output=True, text=True
    ).stdout
    for line in depends.splitlines():
        if line.strip().startswith("Depends: linux-image-"):
            return line.split(":")[1].strip()
    raise RuntimeError("linux-image-cloud-amd64 is unknown here: run apt-get update")


def fetch_kernel(package):
    target = cache_dir() / package
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(dir=cache_dir()) as work:
        subprocess.run(["apt-get", "download", "-qq", package], cwd=work, check=True, stderr=subprocess.DEVNULL)
        archive = next(Path(work).glob("*.deb"))
        unpacked = Path(work) / "unpacked"
        subprocess.run(["dpkg", "-x", archive, unpacked], check=True)
        unpacked.rename(target)
    return target


def build_initramfs(tree):
    key = hashlib.sha256(INIT.read_bytes() + " ".join(MODULES).encode() + tree.name.encode()).hexdigest()[:16]
    image = cache_dir() / f"initramfs-{key}"
    if image.exists():
        return image
    with tempfile.TemporaryDirectory(dir=cache_dir()) as work:
        root = Path(work) / "root"
        root.mkdir()
        subprocess.run(["gcc", "-static", "-O2", "-Wall", "-Werror", "-o", root / "init", INIT], check=True)
        for module in MODULES:
            found = next(tree.rglob(f"{module}.ko"))
            (root / found.name).write_bytes(found.read_bytes())
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
    return next(tree.glob("boot/vmlinuz-*")), build_initramfs(tree)
