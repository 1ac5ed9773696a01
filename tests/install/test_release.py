# SPDX-License-Identifier: LGPL-2.1-or-later
"""The source release that `meson dist` makes builds where there is no git, and what is installed can be uninstalled."""

import os
import subprocess
import tarfile

import pytest

LEFT_OUT = ("tests", "simulator", "man")


def run(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True, **options).stdout


@pytest.fixture(scope="module")
def release(source_root, tmp_path_factory):
    """The unpacked release: what is committed, outside of any checkout."""
    directory = tmp_path_factory.mktemp("release")
    run("meson", "setup", directory / "dist", source_root, "--prefix=/usr", *(f"-D{name}=false" for name in LEFT_OUT))
    run("meson", "dist", "-C", directory / "dist", "--no-tests", "--formats=xztar", "--allow-dirty")
    archive, = (directory / "dist/meson-dist").glob("memcoord-*.tar.xz")
    with tarfile.open(archive) as packed:
        packed.extractall(directory)
    return directory / archive.name.removesuffix(".tar.xz")


@pytest.fixture
def without_git(tmp_path):
    """An environment in which git is no program that works; what called it is in git.log."""
    git = tmp_path / "bin/git"
    git.parent.mkdir()
    git.write_text(f'#!/bin/sh\necho "$@" >>"{tmp_path}/git.log"\nexit 127\n')
    git.chmod(0o755)
    return {**os.environ, "PATH": f"{git.parent}:{os.environ['PATH']}"}


def test_release_is_what_is_committed(release, source_root):
    """And the Cockpit page, built, where there are the libraries for it."""
    committed = set(run("git", "-C", source_root, "ls-tree", "-r", "--name-only", "HEAD").splitlines())
    released = {path.relative_to(release).as_posix() for path in release.rglob("*") if not path.is_dir()}
    page = {name for name in released if name.startswith("src/cockpit/dist/")}
    assert released - page == committed
    assert ("src/cockpit/dist/index.js" in page) == (source_root / "src/cockpit/node_modules").exists()


def test_release_builds_and_installs_without_git(release, without_git, tmp_path):
    build = tmp_path / "build"
    run("meson", "setup", build, release, "--prefix=/usr", "--werror", "--buildtype=plain", "-Dtests=false", "-Dsimulator=false",
        env=without_git)
    run("ninja", "-j2", "-C", build, env=without_git)
    run("meson", "install", "-C", build, "--no-rebuild", "--destdir", tmp_path / "root", env=without_git)
    assert run(tmp_path / "root/usr/bin/memcoordctl", "--version") == f"memcoordctl {release.name.removeprefix('memcoord-')}\n"
    assert (tmp_path / "root/usr/share/man/man8/memcoordd.8").exists()
    assert (tmp_path / "root/usr/share/cockpit/memcoord/index.js").exists() == (release / "src/cockpit/dist/index.js").exists()
    run("ninja", "-C", build, "uninstall", env=without_git)
    left = [path.relative_to(tmp_path / "root").as_posix() for path in (tmp_path / "root").rglob("*") if not path.is_dir()]
    assert left == ["etc/memcoord/memcoord.conf"]
    assert not (tmp_path / "git.log").exists()
