# Figures, each from its records alone.

KINDS = ["pdf", "png", "svg", "json"]  # of files that a figure is written to


localrules:
    figure,


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
        names=lambda w: TITLES if FIGURES[w.figure].records == "runs" else [],
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
        'python "$SCRIPTS"/figure.py --name {wildcards.figure} {params.shown:q} {params.notes:q}'
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
