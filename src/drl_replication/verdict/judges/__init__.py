"""How claims are judged: a function a claim, by kind of evidence.

Those of `runs` take an `Evidence`, those of a figure its summary. A stat of a summary holds
`values` (one a seed or repetition), `mean`, `std`, and for some an interval.
"""
