"""The server room: joins policy and robots, people and machines."""
