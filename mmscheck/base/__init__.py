"""What every part may use, below even the values: text, XML, URLs, HTTP, networks, secrets; no I/O."""
