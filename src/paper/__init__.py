"""What this book needs beyond the method: from the networks and their results to the pages. The rooms stand on one another in this
order: networks, results, show, theory, experiments, claims, book.
"""
