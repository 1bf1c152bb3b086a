"""The record of a study that is being coded: people, assignments and one chain of facts, in SQLite or PostgreSQL.

A fact is never changed and never deleted: a correction is a later fact. Every fact holds the hash of the one before
it, so that a record that was tampered with does not add up (:mod:`bordin.store.verify`). Text that a person may ask
to have erased lies beside the chain; the chain holds its salted hash alone.
"""
