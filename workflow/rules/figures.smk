# Figures, each from its records alone.

KINDS = ["pdf", "png", "svg", "json"]  # of files that a figure is written to


localrules:
    figure,


def records_of_figure(wildcards):
    """The records of a figure, one at least where it needs some."""
    kind, name = FIGURES[wildcards.figure].records, wildcards.figure
    if kind == "runs":
        return runs(wildcards)
    paths = selection.figure_records(config, name)
    if kind != "none" and not paths:
        raise WorkflowError(
            f"records_only is true, but {RESULTS}/experiments/{name} holds no record of the "
            "selected seeds"
        )
    return [f"<results>/{path}" for path in paths]


def shown(wildcards, input):
    """What a figure is told of its records: those of runs are too many for a command line."""
    if FIGURES[wildcards.figure].records == "runs":
        return [f"--selection={input.selection[0]}"]
    own = json.dumps(settings.figure_settings(config, wildcards.figure))
    return ["--settings", own, "--records", *input.records]


def code_of_figure(wildcards):
    """One figure groups methods by their memory, a column of the table of methods."""
    file = f"src/drl_replication/figures/{wildcards.figure}.py"
    memories = [METHODS[method].memory for method in config["methods"]]
    return str((code("scripts/figure.py", file), memories))


rule figure:
    input:
        selection=lambda w: (rules.selection.output if FIGURES[w.figure].records == "runs" else []),
        records=records_of_figure,
    output:
        pdf="<results>/figures/{figure}.pdf",
        png=report(
            "<results>/figures/{figure}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        svg="<results>/figures/{figure}.svg",
        json="<results>/figures/{figure}.json",
    log:
        "<results>/logs/figure/{figure}.log",
    conda:
        "../../envs/figures.yaml"
    params:
        title=lambda w: FIGURES[w.figure].title,
        shown=shown,
        notes=lambda w: (
            arguments("note", selection.notes(config, missing=False))
            if FIGURES[w.figure].records == "runs"
            else []
        ),
        code=code_of_figure,
    message:
        "Draw {wildcards.figure}"
    shell:
        "python scripts/figure.py --name {wildcards.figure} {params.shown:q} {params.notes:q}"
        " --pdf {output.pdf:q} --png {output.png:q} --svg {output.svg:q} --json {output.json:q}"
        " 2>&1 | tee {log:q}"


for figure in FIGURES:

    # `snakemake figure_1`
    rule:
        name:
            figure
        input:
            expand("<results>/figures/{figure}.{kind}", figure=figure, kind=KINDS),
        localrule: True


rule figures:
    input:
        expand(
            "<results>/figures/{figure}.{kind}",
            figure=selection.drawable(config),
            kind=KINDS,
        ),
