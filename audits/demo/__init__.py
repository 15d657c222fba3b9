"""The demonstration: two organisations with real data, people to log in as, and simulated reviewers.

Everything here writes through services or HTTP, as any client does; what is simulated says so wherever it shows.
"""
