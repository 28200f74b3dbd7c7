#!/usr/bin/env micropython
# -*- coding: utf-8 -*-
print("ran")
