# A dataset is there when each of its files has the registered checksum. What the rule writes is
# these checksums, not where the files lie, so that another folder with the same data reruns
# nothing.


localrules:
    download,


rule download:
    output:
        "<results>/data/{dataset}.json",
    log:
        "<results>/logs/download/{dataset}.log",
    conda:
        "../../envs/data.yaml"
    params:
        checksums=lambda w: str(DATASETS[w.dataset].checksums),
        code=code("scripts/download.py"),
        attempts=config["download"]["attempts"],
        timeout=config["download"]["timeout_seconds"],
    message:
        "Verify {wildcards.dataset}, and download it if it is not there"
    shell:
        'python "$SCRIPTS"/download.py --dataset {wildcards.dataset} --output {output:q}'
        " --attempts {params.attempts} --timeout-seconds {params.timeout}"
        " 2>&1 | tee {log:q}"
