"""A drawn region followed by aligning a template: the Lucas-Kanade family, and a clip tracker round it."""
