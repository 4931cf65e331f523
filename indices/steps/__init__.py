"""The steps of the engine, one verb per module: what a method file declares, computed.

Every step works on the tables of one DuckDB connection (see ``bench``) and leaves what it did as rows. Relations and
sums are SQL on DECIMAL; what is linear algebra is numpy on one thread in key order, cast to a fixed scale at once.
"""
