"""What serves those who work on mmscheck; not in the package."""
