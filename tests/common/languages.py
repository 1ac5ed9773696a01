# SPDX-License-Identifier: LGPL-2.1-or-later
"""A locale in which messages are translated. C.UTF-8, which every machine has, knows no language since glibc 2.41."""

import subprocess


def make_locale(directory, name="en_US"):
    """Makes it with UTF-8, below a directory: /usr/lib/locale, or what LOCPATH names. LANGUAGE overrides the language of en_US."""
    subprocess.run(["localedef", "--no-archive", f"--inputfile={name}", "--charmap=UTF-8", directory / f"{name}.UTF-8"], check=True)
