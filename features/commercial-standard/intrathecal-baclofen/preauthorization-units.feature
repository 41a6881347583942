Feature: Commercial Standard: an authorization is for so many units

  What other claims have used and what this claim bills, discarded units (JW) included, may not be more
  than what was authorized. What is above is not paid; what is left is.

  Background:
    Given the example refill-with-authorization-facts of Commercial Standard for J0945

  Rule: A line is paid up to the units that are left

    Scenario Outline: Enough units are left - <left>
      Given it is known that the units authorized is <authorized>
      And it is known that the units already used is <used>
      When the claim is decided
      Then it is approved
      And 4 units are allowed on line 1
      And the authorized units left is concluded to be <units left>
      And there is no reason from rule authorization-units-exceeded

      Examples:
        | left                              | authorized | used | units left |
        | many more than billed             | 40         | 0    | 40         |
        | one more than billed              | 40         | 35   | 5          |
        | exactly what is billed            | 40         | 36   | 4          |
        | exactly what is billed, none used | 4          | 0    | 4          |

    Scenario Outline: Fewer units are left than billed - <left>
      Given it is known that the units authorized is <authorized>
      And it is known that the units already used is <used>
      When the claim is decided
      Then it is partly approved
      And line 1 is reduced to <units left> units
      And the reasons are
        | rule                         | group | carc | rarc | line |
        | authorization-units-exceeded | CO    | 198  | N54  | 1    |

      Examples:
        | left                  | authorized | used | units left |
        | one fewer than billed | 40         | 37   | 3          |
        | one fewer, none used  | 3          | 0    | 3          |
        | one only              | 40         | 39   | 1          |

    Scenario Outline: Nothing is left - <left>
      Given it is known that the units authorized is <authorized>
      And it is known that the units already used is <used>
      When the claim is decided
      Then it is denied
      And line 1 is denied
      And 0 units are allowed on line 1
      And the reasons are
        | rule                         | group | carc | rarc | line |
        | authorization-units-exceeded | CO    | 198  | N54  | 1    |

      Examples:
        | left                          | authorized | used |
        | all are used                  | 40         | 40   |
        | more are used than authorized | 40         | 44   |
        | none were authorized          | 0          | 0    |

    Scenario: The reason states what was authorized, used, billed and left
      Given it is known that the units already used is 38
      When the claim is decided
      Then it says "Authorization A-100 is for 40 billing units, of which 38 billing units are used; 4 billing units are billed and 2 billing units are left."

    Scenario Outline: How many units were authorized or used is not known - <what>
      Given these facts
        | fact                   | value        |
        | the units authorized   | <authorized> |
        | the units already used | <used>       |
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule authorization-units-exceeded is not known
      And it asks for <asked>

      Examples:
        | what                 | authorized | used | asked                  |
        | the units authorized |            | 0    | the units authorized   |
        | the units used       | 40         |      | the units already used |

    Scenario: A line without units is not paid on an authorization before it says how many
      Given the drug lines have no units
      When the claim is decided
      Then it is pended
      And rule authorization-units-exceeded is not known
      And it asks for the administered units billed

  Rule: Discarded units use up authorized units

    Background:
      Given these claim lines
        | code  | modifiers | units |
        | J0945 |           | 3     |
        | J0945 | JW        | 1     |
        | 62369 |           | 1     |
      And it is known that the units already used is 36

    Scenario: Three given and one discarded, four left: all is paid
      When the claim is decided
      Then it is approved
      And 3 units are allowed on line 1
      And 1 unit is allowed on line 2

    Scenario: Three given and one discarded, three left: lines are paid in their order
      Given it is known that the units authorized is 39
      When the claim is decided
      Then it is partly approved
      And line 1 is approved
      And 3 units are allowed on line 1
      And line 2 is denied
      And the reasons are
        | rule                         | group | carc | rarc | line |
        | authorization-units-exceeded | CO    | 198  | N54  | 1 2  |

    Scenario: Three given and one discarded, two left
      Given it is known that the units authorized is 38
      When the claim is decided
      Then it is partly approved
      And line 1 is reduced to 2 units
      And line 2 is denied

  Rule: All lines of the day count together

    Background:
      Given these claim lines
        | code  | modifiers | units | charge |
        | J0945 |           | 3     | 300    |
        | J0945 |           | 2     | 200    |
        | 62369 |           | 1     |        |

    Scenario: Two lines of three and two units, five left
      Given it is known that the units already used is 35
      When the claim is decided
      Then it is approved

    Scenario: Two lines of three and two units, four left
      Given it is known that the units already used is 36
      When the claim is decided
      Then it is partly approved
      And line 1 is approved
      And line 2 is reduced to 1 unit
      And the reason is CO 198 with N54 from rule authorization-units-exceeded

  Rule: The stricter of two limits is the one that counts

    Scenario: Nine billed, eight a day, six left
      Given the drug lines have units 9
      And it is known that the units already used is 34
      When the claim is decided
      Then line 1 is reduced to 6 units
      And the reasons are
        | rule                         | group | carc | rarc | line |
        | authorization-units-exceeded | CO    | 198  | N54  | 1    |
        | daily-limit                  | CO    | 151  | N362 | 1    |

    Scenario: Nine billed, eight a day, forty left
      Given the drug lines have units 9
      When the claim is decided
      Then line 1 is reduced to 8 units
      And the reasons are
        | rule        | group | carc | rarc | line |
        | daily-limit | CO    | 151  | N362 | 1    |

  Rule: Units are counted only where the authorization covers the service

    Scenario: An authorization for another member is denied as such, whatever it has left
      Given it is known that the member of the authorization is M2
      And it is known that the units authorized is 2
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                             |
        | authorization-for-another-member |

    Scenario: A trial needs no authorization, so one that is used up does not reduce it
      Given the drug lines have units 1
      And line 2 has code 62322
      And it is known that the units already used is 40
      When the claim is decided
      Then rule authorization-units-exceeded does not hold
