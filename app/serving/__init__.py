"""How the server receives its clients, before any application sees what they want."""
