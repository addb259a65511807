# Tables from run records alone; a record with other settings than the configuration's is refused.


localrules:
    run_measures,
    table,
    audit,
    comparisons,
    aggregates,


# What scripts are told of the runs: too much for a command line.
rule selection:
    output:
        "<results>/selection.json",
    log:
        "<results>/logs/selection.log",
    localrule: True
    params:
        content=lambda w: selection.digest(config),
    message:
        "List the selected runs"
    run:
        selection.write_selection(config, Path(output[0]))


rule run_measures:
    input:
        selection=rules.selection.output,
        runs=runs,
    output:
        csv="<results>/tables/runs.csv",
    log:
        "<results>/logs/run_measures/run_measures.log",
    conda:
        "../../envs/tables.yaml"
    params:
        readings=readings_of(READINGS_OF_TABLES),
        code=code("scripts/run_measures.py"),
    message:
        "Measure every run"
    shell:
        'python "$SCRIPTS"/run_measures.py --selection {input.selection:q}'
        " {params.readings} --csv {output.csv:q} 2>&1 | tee {log:q}"


rule table:
    input:
        selection=rules.selection.output,
        runs=runs,
    output:
        csv="<results>/tables/table_{number}.csv",
        md=report(
            "<results>/tables/table_{number}.md",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "Table {number}"},
        ),
        tex="<results>/tables/table_{number}.tex",
    log:
        "<results>/logs/table/table_{number}.log",
    wildcard_constraints:
        number="[1-6]",
    conda:
        "../../envs/tables.yaml"
    params:
        readings=lambda w: readings_of(TABLE_READINGS[int(w.number)]),
        notes=arguments("note", selection.notes(config)),
        titles=TITLES,
        code=code("scripts/table.py"),
    message:
        "Make Table {wildcards.number}"
    shell:
        'python "$SCRIPTS"/table.py --number {wildcards.number} --selection {input.selection:q}'
        " {params.readings} {params.notes:q}"
        " --csv {output.csv:q} --md {output.md:q} --tex {output.tex:q} 2>&1 | tee {log:q}"


rule audit:
    input:
        selection=rules.selection.output,
        runs=runs,
    output:
        csv="<results>/tables/audit.csv",
        md=report(
            "<results>/tables/audit.md",
            caption="../report/audit.rst",
            category="Tables",
            labels={"table": "Audit of Tables 1-3"},
        ),
    log:
        "<results>/logs/audit/audit.log",
    conda:
        "../../envs/tables.yaml"
    params:
        readings=readings_of(["intransigence_reference"]),
        titles=TITLES,
        code=code("scripts/audit.py"),
    message:
        "Check our tables and the paper's with the identity of the three measures"
    shell:
        'python "$SCRIPTS"/audit.py --selection {input.selection:q}'
        " {params.readings} --csv {output.csv:q} --md {output.md:q} 2>&1 | tee {log:q}"


rule comparisons:
    input:
        selection=rules.selection.output,
        runs=runs,
    output:
        csv="<results>/tables/comparisons.csv",
        md=report(
            "<results>/tables/comparisons.md",
            caption="../report/comparisons.rst",
            category="Tables",
            labels={"table": "Tests between methods"},
        ),
    log:
        "<results>/logs/comparisons/comparisons.log",
    conda:
        "../../envs/tables.yaml"
    params:
        readings=readings_of(["intransigence_reference"]),
        notes=arguments("note", selection.notes(config)),
        reference=config["reference"],
        titles=TITLES,
        code=code("scripts/comparisons.py"),
    message:
        "Test the methods against each other"
    shell:
        'python "$SCRIPTS"/comparisons.py --selection {input.selection:q}'
        " --reference {params.reference} {params.readings} {params.notes:q} --csv {output.csv:q} --md {output.md:q}"
        " 2>&1 | tee {log:q}"


rule aggregates:
    input:
        measures="<results>/tables/runs.csv",
    output:
        csv="<results>/tables/aggregates.csv",
        md=report(
            "<results>/tables/aggregates.md",
            caption="../report/aggregates.rst",
            category="Tables",
            labels={"table": "All benchmarks together"},
        ),
        json="<results>/tables/aggregates.json",
    log:
        "<results>/logs/aggregates/aggregates.log",
    conda:
        "../../envs/tables.yaml"
    params:
        notes=arguments("note", selection.notes(config)),
        titles=TITLES,
        code=code("scripts/aggregates.py"),
    message:
        "Compare DRL with its rivals over all benchmarks"
    shell:
        'python "$SCRIPTS"/aggregates.py --measures {input.measures:q} {params.notes:q}'
        " --csv {output.csv:q} --md {output.md:q} --json {output.json:q} 2>&1 | tee {log:q}"


for number in TABLE_READINGS:

    # `snakemake table_1`
    rule:
        name:
            f"table_{number}"
        input:
            expand(
                "<results>/tables/table_{number}.{kind}", number=number, kind=["csv", "md", "tex"]
            ),
        localrule: True


rule tables:
    input:
        expand(
            "<results>/tables/table_{number}.{kind}",
            number=TABLE_READINGS,
            kind=["csv", "md", "tex"],
        ),
        rules.run_measures.output,
        rules.audit.output,
        rules.comparisons.output,
        rules.aggregates.output,
