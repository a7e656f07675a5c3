"""Jobs: what takes too long for a request runs in a process of its own, `flask jobs`.

imports.py has the jobs of imports, states.py their states, uploads.py the files that they work on, queue.py the queue,
and runner.py the process. What jobs leave for the pages: stored_options.py (how a file is read), previews.py (its first
rows), plans.py (what it would do), faults.py (its copy with a column of faults).
"""
