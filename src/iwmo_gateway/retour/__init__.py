"""Return messages: pure functions of a message, its verdict, and what the answer's schema asks for."""
