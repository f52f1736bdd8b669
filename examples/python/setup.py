# SPDX-License-Identifier: BSD-3-Clause
import shlex
import subprocess

from setuptools import Extension, setup


def pkg_config(option):
    return shlex.split(subprocess.check_output(["pkg-config", option, "libcgo"], text=True))


setup(
    name="ticker",
    version="1.0",
    ext_modules=[
        Extension(
            "ticker",
            ["tickermodule.c", "ticker.c"],
            depends=["ticker.h"],
            extra_compile_args=["-std=gnu11", "-pthread"] + pkg_config("--cflags"),
            extra_link_args=["-pthread"] + pkg_config("--libs"),
        )
    ],
)
