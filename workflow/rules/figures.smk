# Figures, each from its records alone.


localrules:
    figure,


rule figure:
    input:
        records=records_to_draw,
        library=lambda w: [
            *library("scripts/figure.py"),
            *library(f"src/drl_replication/figures/{w.figure}.py"),
        ],
    output:
        pdf="<results>/figures/{figure}.pdf",
        png=report(
            "<results>/figures/{figure}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        json="<results>/figures/{figure}.json",
    log:
        "<results>/logs/figure/{figure}.log",
    conda:
        "../../envs/figures.yaml"
    params:
        title=lambda w: FIGURES[w.figure].title,
        rows=figure_rows,
        settings=lambda w: json.dumps(study.figure_settings(config, w.figure)),
        notes=lambda w: notes(missing=False) if FIGURES[w.figure].records == "runs" else [],
    message:
        "Draw {wildcards.figure}"
    shell:
        "python scripts/figure.py --name {wildcards.figure} --records {input.records:q}"
        " --settings {params.settings:q} {params.notes:q}"
        " --pdf {output.pdf:q} --png {output.png:q} --json {output.json:q} 2>&1 | tee {log:q}"


for figure in FIGURES:

    # `snakemake figure_1`
    rule:
        name:
            figure
        input:
            expand("<results>/figures/{figure}.{kind}", figure=figure, kind=FIGURE_KINDS),
        localrule: True


rule figures:
    input:
        expand("<results>/figures/{figure}.{kind}", figure=figures(), kind=FIGURE_KINDS),
