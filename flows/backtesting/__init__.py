"""Backtesting: recorded markets through the live recipe, judged so that nobody is fooled.

gather collects what the recipe concludes, graded joins decisions with their ends, periods cuts them
into a warm-up and folds, ledger counts every attempt, report says it all, text and page show it.
"""
