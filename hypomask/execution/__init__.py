"""From a study to its answer on the disk: read, plan, train, record, go on after a stop. Start at `run.compare`.

`study*` is what was asked, `prepare` all that is known before the first training; `jobs`, `plan` and `job_queue` say
what is trained in which order, `trainer` and `worker*` do it; `ledger`, `predictions` and `durable` keep what came of
it, and `evidence` reads it back.
"""
