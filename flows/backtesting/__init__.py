"""Backtesting: run recorded markets through the live dataflow, and evaluate the results without self-deception.

run_results collects the results of the dataflow, graded joins decisions with their outcomes, periods divides them
into a warm-up and folds, ledger counts every attempt, report has all figures, and text and page render it.
"""
