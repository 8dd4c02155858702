"""Build hook: put the compiled kernel into the wheel where a C++ compiler is there, and leave it out where not."""

from __future__ import annotations

import importlib.util
import os
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class KernelBuildHook(BuildHookInterface):
    """Compiles `hypomask/model/compiled`; the wheel is then one of this platform, for every Python.

    ``HYPOMASK_KERNEL=off`` builds a wheel without it, ``HYPOMASK_KERNEL=required`` fails where it cannot be built.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See hatchling."""
        wanted = os.environ.get("HYPOMASK_KERNEL", "")
        if self.target_name != "wheel" or wanted == "off":
            return
        build = _build_module(Path(self.root) / "hypomask" / "model" / "compiled" / "build.py")
        problem = build.build()
        if problem is None:
            build_data["artifacts"].append("/hypomask/model/compiled/kernel-*.so")
            if version == "standard":  # an editable wheel holds no library, only the way to this folder
                build_data["pure_python"] = False
                platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
                build_data["tag"] = f"py3-none-{platform}"
        elif wanted == "required":
            raise RuntimeError(f"the compiled kernel cannot be built: {problem}")
        else:
            self.app.display_warning(f"hypomask is built without its compiled kernel, so training is slower: {problem}")


def _build_module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("kernel_build", path)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"{path} cannot be read")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
