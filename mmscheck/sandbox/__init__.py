"""A local stand-in for the provider and for a media host with faults."""
