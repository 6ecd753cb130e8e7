"""A practice API: plays the wire behaviour of real REST APIs over real sockets, from a seed."""
