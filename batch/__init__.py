"""A folder of books: discover, plan, fan out, watch the machine, sum up."""
