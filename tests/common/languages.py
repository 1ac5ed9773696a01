# SPDX-License-Identifier: LGPL-2.1-or-later
"""A locale in which messages are translated. C.UTF-8, which every machine has, knows no language since glibc 2.41."""

import subprocess


def make_locale(directory):
    """Makes en_US.UTF-8, whose language LANGUAGE overrides, below a directory: /usr/lib/locale, or what LOCPATH names."""
    subprocess.run(["localedef", "--no-archive", "--inputfile=en_US", "--charmap=UTF-8", directory / "en_US.UTF-8"], check=True)
