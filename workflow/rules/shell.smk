# What every shell command starts with.

import json
import shlex
import sys

from snakemake_interface_executor_plugins.settings import DeploymentMethod


def environment():
    """What every command starts with; nothing in it belongs into a rule's parameters.

    Absolute paths here rerun nothing when the project moves. Snakemake unsets PYTHONPATH in
    conda environments, where also `python` is already the right one.
    """
    variables = {
        "PYTHONPATH": PROJECT / "src",
        "SCRIPTS": PROJECT / "scripts",
        "DRL_DATA_DIR": os.environ.get("DRL_DATA_DIR") or config["data_dir"] or "",
        "DRL_KEEP_WEIGHTS": " ".join(map(str, config["keep_weights"])),
        "OMP_NUM_THREADS": 1,
    }
    exports = [f"export {name}={shlex.quote(str(value))};" for name, value in variables.items()]
    if DeploymentMethod.CONDA not in workflow.deployment_settings.deployment_method:
        exports.append(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH";')
    return " ".join(exports)


# Not as an argument, which is printed and recorded: an address may hold a password.
os.environ.update(DRL_MIRRORS=json.dumps(config["download"]["mirrors"]))
# Snakemake formats it, but a brace here is one of a folder's name.
shell.prefix(f"set -euo pipefail; {environment()} ".replace("{", "{{").replace("}", "}}"))
