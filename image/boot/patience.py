"""A machine with other work is a slow one: limits grow with how many wait for each of its cores. What
the guest limits by its own clock does not grow, so on a busy machine its watchdog may be early."""
import os
import threading

# Set when the run is given up: nothing is plugged in again, and nobody waits on.
given_up = threading.Event()


def patient(seconds):
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
