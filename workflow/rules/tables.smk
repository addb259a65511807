# Tables from run records alone; a record with other settings than the configuration's is refused.


rule table:
    input:
        runs=runs(),
        library=library("scripts/table.py"),
    output:
        csv="<results>/tables/table_{number}.csv",
        md="<results>/tables/table_{number}.md",
        tex="<results>/tables/table_{number}.tex",
    log:
        "<results>/logs/table/table_{number}.log",
    wildcard_constraints:
        number="[123]",
    conda:
        "../../envs/tables.yaml"
    params:
        settings=settings_of_runs,
        reference=config["readings"]["intransigence_reference"],
        notes=notes,
    message:
        "Make Table {wildcards.number}"
    shell:
        "python scripts/table.py --number {wildcards.number} --runs {input.runs:q}"
        " --settings {params.settings:q} --intransigence-reference {params.reference}"
        " {params.notes:q} --csv {output.csv:q} --md {output.md:q} --tex {output.tex:q} 2>&1 | tee {log:q}"


rule audit:
    input:
        runs=runs(),
        library=library("scripts/audit.py"),
    output:
        csv="<results>/tables/audit.csv",
        md="<results>/tables/audit.md",
    log:
        "<results>/logs/audit/audit.log",
    conda:
        "../../envs/tables.yaml"
    params:
        settings=settings_of_runs,
        reference=config["readings"]["intransigence_reference"],
    message:
        "Check our tables and the paper's with the identity of the three measures"
    shell:
        "python scripts/audit.py --runs {input.runs:q} --settings {params.settings:q}"
        " --intransigence-reference {params.reference}"
        " --csv {output.csv:q} --md {output.md:q} 2>&1 | tee {log:q}"


rule tables:
    input:
        expand("<results>/tables/table_{n}.{kind}", n=[1, 2, 3], kind=["csv", "md", "tex"]),
        rules.audit.output,
