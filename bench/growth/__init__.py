"""How the cost of a request grows with the work, and what a start costs."""
