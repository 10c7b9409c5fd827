"""The doors: HTTP for OpenAI clients and control, MCP over HTTP and a socket."""
