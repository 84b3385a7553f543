"""The provider: request XML, client, answers and error codes."""
