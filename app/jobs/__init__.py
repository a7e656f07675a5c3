"""Jobs: what takes too long for a request runs in a process of its own, `flask jobs`.

queue.py has the queue, uploads.py the files that jobs work on, states.py the states of a job, plans.py what jobs leave
for the pages, imports.py the jobs of imports, and runner.py the process.
"""
