# language: xx
Feature: A language
