"""What befalls residents: each story is one function that writes to a chart."""
