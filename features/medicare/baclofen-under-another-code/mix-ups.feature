Feature: Medicare: baclofen billed under another drug's code, or an unclassified one

  No policy here decides ziconotide (J2278) or the unclassified codes (J3490, J7799, J7999). They are
  looked at for one thing only: whether the product on the line is baclofen, which has a code of its own.
  That is denied. Everything else goes to a person; nothing is approved.

  Rule: An unclassified code is for a drug that has no code

    Scenario Outline: A product that has a code is denied: <case>
      Given a claim to Medicare for <code> on 2025-03-03
      And these claim lines
        | code   | units | place of service | ndc   |
        | <code> | 1     | 11               | <ndc> |
        | 62369  | 1     | 11               |       |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | decided-by-a-person  |       |      |      | 1    |
        | specific-code-exists | CO    | 189  | N657 | 1    |
      And rule product-has-another-code does not hold
      And it says "is for drugs without a code, but the product of NDC"

      Examples:
        | case                                      | code  | ndc           |
        | a vial of 40 mg under J3490               | J3490 | 66794-157-02  |
        | the same in eleven digits                 | J3490 | 66794015702   |
        | an ampule of 10 mg under J3490            | J3490 | 70121-2502-02 |
        | a syringe of a screening dose under J3490 | J3490 | 66794-151-01  |
        | a vial of 40 mg under J7799               | J7799 | 66794-157-02  |
        | a vial of 40 mg under J7999               | J7999 | 66794-157-02  |

    Scenario Outline: A product that has none here waits for a person: <case>
      Given a claim to Medicare for <code> on 2025-03-03
      And these claim lines
        | code   | units | place of service | ndc   |
        | <code> | 1     | 11               | <ndc> |
        | 62369  | 1     | 11               |       |
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                | line |
        | decided-by-a-person | 1    |
      And rule specific-code-exists does not hold

      Examples:
        | case                                         | code  | ndc           |
        | no product number, J3490                     | J3490 |               |
        | no product number, J7799                     | J7799 |               |
        | no product number, J7999                     | J7999 |               |
        | a number that the list does not have         | J3490 | 12345-6789-01 |
        | an oral product, which has no injection code | J3490 | 99999-0010-01 |

    Scenario: One baclofen product among two lines is enough to deny
      Given a claim to Medicare for J3490 on 2025-03-03
      And these claim lines
        | code  | units | place of service | ndc           |
        | J3490 | 1     | 11               | 12345-6789-01 |
        | J3490 | 2     | 11               | 66794-157-02  |
      When the claim is decided
      Then it is denied
      And the reason is CO 189 with N657 from rule specific-code-exists

  Rule: Another drug's code is not for baclofen

    Scenario Outline: A baclofen product under ziconotide's code is denied: <case>
      Given a claim to Medicare for J2278 on 2025-03-03
      And these claim lines
        | code  | units | place of service | ndc   |
        | J2278 | 100   | 11               | <ndc> |
        | 62369 | 1     | 11               |       |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                     | group | carc | rarc     | line |
        | decided-by-a-person      |       |      |          | 1    |
        | product-has-another-code | CO    | 16   | N56 N657 | 1    |
      And rule specific-code-exists does not hold
      And it says "is not billed with J2278"

      Examples:
        | case                          | ndc           |
        | a vial of 40 mg               | 66794-157-02  |
        | a syringe of a screening dose | 66794-151-01  |
        | an oral product               | 99999-0010-01 |

    Scenario Outline: Ziconotide's code waits for a person where no baclofen is seen: <case>
      Given a claim to Medicare for J2278 on 2025-03-03
      And these claim lines
        | code  | units | place of service | ndc   |
        | J2278 | 100   | 11               | <ndc> |
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                | line |
        | decided-by-a-person | 1    |

      Examples:
        | case                                 | ndc           |
        | no product number                    |               |
        | a number that the list does not have | 12345-6789-01 |

  Rule: A compounded drug is noted, and decided by a person

    Scenario Outline: A compounded drug under an unclassified code: <code>
      Given a claim to Medicare for <code> on 2025-03-03
      And these claim lines
        | code   | modifiers | units | place of service |
        | <code> | KD        | 1     | 11               |
        | 62369  |           | 1     | 11               |
      And it is known that whether a pharmacy compounded the drug is yes
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it advises by rule compounded-drug-by-hand
      And it says "some contractors want J7799 with KD, others J3490 with KD"

      Examples:
        | code  |
        | J3490 |
        | J7799 |
        | J7999 |

    Scenario Outline: Nothing is noted where <case>
      Given a claim to Medicare for <code> on 2025-03-03
      And these claim lines
        | code   | units | place of service |
        | <code> | 1     | 11               |
      And these facts
        | fact                                   | value        |
        | whether a pharmacy compounded the drug | <compounded> |
      When the claim is decided
      Then it is pended
      And rule compounded-drug-by-hand does not hold

      Examples:
        | case                         | code  | compounded |
        | the drug was not compounded  | J3490 | no         |
        | not stated                   | J3490 |            |
        | the code is that of one drug | J2278 | yes        |

  Rule: Only a claim that asks for payment is denied

    Scenario Outline: A void waits for a person: <code>
      Given a claim to Medicare for <code> on 2025-03-03
      And the claim has frequency 8
      And these claim lines
        | code   | units | place of service | ndc          |
        | <code> | 1     | 11               | 66794-157-02 |
      And it is known that whether a pharmacy compounded the drug is yes
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                |
        | decided-by-a-person |
      And rule compounded-drug-by-hand does not hold

      Examples:
        | code  |
        | J3490 |
        | J2278 |

    Scenario Outline: A request before the service waits for a person: <code>
      Given a preauthorization request to Medicare for <code> on 2025-03-03
      And these claim lines
        | code   | units | ndc          |
        | <code> | 1     | 66794-157-02 |
      And it is known that whether a pharmacy compounded the drug is yes
      When the request is decided
      Then it is pended
      And the reasons are
        | rule                |
        | decided-by-a-person |
      And rule compounded-drug-by-hand does not hold

      Examples:
        | code  |
        | J3490 |
        | J2278 |

    Scenario: A replacement asks for payment, and is denied
      Given a claim to Medicare for J3490 on 2025-03-03
      And the claim has frequency 7
      And the claim has original id C-100
      And these claim lines
        | code  | units | place of service | ndc          |
        | J3490 | 1     | 11               | 66794-157-02 |
      When the claim is decided
      Then it is denied
      And the reason is CO 189 with N657 from rule specific-code-exists

  Rule: What a person decides is stated, and no unnecessary question is asked

    Scenario: A bare line under an unclassified code
      Given a claim to Medicare for J3490 on 2025-03-03
      And these claim lines
        | code  | units | place of service |
        | J3490 | 1     | 11               |
      When the claim is decided
      Then it is pended
      And it says "No coverage policy here decides J3490; only mix-ups with baclofen are looked for"
