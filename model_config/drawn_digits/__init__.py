"""Digits as a person draws them on the page: rendered from strokes, for measuring what networks make of them.

They are made up, not collected: nobody's hand wrote them. Two or three usual ways to write each digit are polylines.
Their points are moved at random; they are smoothed, slanted, turned, stretched, drawn with pens of several widths, and
prepared as MNIST's authors prepared theirs. They share with real drawings what MNIST's digits lack: even, round strokes
and other proportions. They are the same each time.
"""
