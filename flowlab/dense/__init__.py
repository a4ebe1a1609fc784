"""Dense flow: a displacement for every pixel. `methods.METHODS` lists the estimators."""
