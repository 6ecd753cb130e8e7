"""The real servers, walked by clients that are not ours: what a test of ours may rely on."""
